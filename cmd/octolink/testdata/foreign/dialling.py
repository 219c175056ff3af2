"""A CRM that connects to octolink, with one of two WebSocket libraries."""

import asyncio
import base64

import manners
import message


async def with_websockets(o, crm):
    from websockets.exceptions import InvalidStatusCode
    from websockets.legacy.client import connect

    how = {"subprotocols": o.offer or None, "origin": o.origin}
    if o.url.startswith("wss:"):
        how["ssl"] = manners.client_tls(o)
    url = o.url
    if o.auth == "basic":  # this library sends it unasked
        url = url.replace("://", "://%s:%s@" % (o.login, o.password))
    try:
        socket = await connect(url, **how)
    except InvalidStatusCode as refused:
        manners.say("refused %d" % refused.status_code)
        return
    manners.say("open, chosen %s" % socket.subprotocol)

    async def obey():
        async for name, fields in manners.orders():
            await socket.send(message.encode(crm.form, name, fields))
        await socket.close()

    obeying = asyncio.create_task(obey())
    await socket.send(crm.greeting())
    async for text in socket:
        for frame in crm.hear(text):
            await socket.send(frame)
    manners.say("closed %d" % socket.close_code)
    obeying.cancel()


async def with_autobahn(o, crm):
    from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol

    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    class Talk(WebSocketClientProtocol):
        def onConnect(self, response):
            manners.say("open, chosen %s" % response.protocol)

        def onOpen(self):
            self.sendMessage(crm.greeting().encode())

        def onMessage(self, payload, isBinary):
            for frame in crm.hear(payload.decode()):
                self.sendMessage(frame.encode())

        def onClose(self, wasClean, code, reason):
            if not ended.done():
                ended.set_result("closed %d %s" % (code, reason))

    headers = {}
    if o.auth == "basic":
        headers["Authorization"] = "Basic " + base64.b64encode((o.login + ":" + o.password).encode()).decode()
    factory = WebSocketClientFactory(o.url, origin=o.origin, protocols=o.offer, headers=headers)
    factory.protocol = Talk
    tls = manners.client_tls(o) if o.url.startswith("wss:") else None
    _, peer = await loop.create_connection(factory, factory.host, factory.port, ssl=tls)

    async def obey():
        async for name, fields in manners.orders():
            peer.sendMessage(message.encode(crm.form, name, fields).encode())
        peer.sendClose(1000)

    obeying = asyncio.create_task(obey())
    manners.say(await ended)
    obeying.cancel()


def main():
    p = manners.options(__doc__)
    p.add_argument("--offer", action="append", default=[], help="a subprotocol to offer")
    p.add_argument("--origin")
    p.add_argument("url")
    o = p.parse_args()
    run = with_websockets if o.library == "websockets" else with_autobahn
    asyncio.run(run(o, manners.CRM(o.format, o.parts)))


main()
