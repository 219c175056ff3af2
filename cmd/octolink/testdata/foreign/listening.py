"""A CRM to which octolink connects, on one of two WebSocket libraries.

--subprotocol says what it does with the one that octolink offers: it echoes it, it says nothing of
it, or it answers 426.
"""

import asyncio
import http

import manners
import message


async def obey(crm, peers):
    """Sends what the test wants to whoever is connected, until stdin ends."""
    async for name, fields in manners.orders():
        for send in list(peers):
            await send(message.encode(crm.form, name, fields))


async def with_websockets(o, crm, peers):
    from websockets.legacy.auth import basic_auth_protocol_factory
    from websockets.legacy.server import serve

    async def talk(socket, path=None):
        manners.say("offered %s, chosen %s" % (offered(socket.request_headers), socket.subprotocol))
        peers.append(socket.send)
        await socket.send(crm.greeting())
        async for text in socket:
            for frame in crm.hear(text):
                await socket.send(frame)
        peers.remove(socket.send)

    async def judge(path, headers):
        if o.subprotocol == "refuse" and "Sec-WebSocket-Protocol" in headers:
            manners.say("answered 426")
            return http.HTTPStatus(426), {"Upgrade": "websocket"}, b"no subprotocol"
        wanted = manners.challenge(o, "GET", headers.get("Authorization")) if o.auth == "digest" else None
        return wanted and (http.HTTPStatus(401), {"WWW-Authenticate": wanted}, b"who are you?")

    how = {"process_request": judge, "ssl": manners.server_tls(o)}
    if o.subprotocol == "echo":
        how["subprotocols"] = ["json", "xml"]
    if o.auth == "basic":
        del how["process_request"]
        how["create_protocol"] = basic_auth_protocol_factory(realm="foreign", credentials=(o.login, o.password))
    async with serve(talk, "127.0.0.1", 0, **how) as server:
        manners.say("listening 127.0.0.1:%d" % server.sockets[0].getsockname()[1])
        await obey(crm, peers)


async def with_autobahn(o, crm, peers):
    from autobahn.asyncio.websocket import WebSocketServerFactory, WebSocketServerProtocol
    from autobahn.websocket.types import ConnectionDeny

    class Talk(WebSocketServerProtocol):
        def onConnect(self, request):
            manners.say("offered %s, chosen %s" % (offered(request.headers), o.subprotocol))
            if o.subprotocol == "refuse" and request.protocols:
                manners.say("answered 426")
                raise ConnectionDeny(426, "no subprotocol")
            return request.protocols[0] if o.subprotocol == "echo" else None

        def onOpen(self):
            peers.append(self.send)
            self.sendMessage(crm.greeting().encode())

        def onMessage(self, payload, isBinary):
            for frame in crm.hear(payload.decode()):
                self.sendMessage(frame.encode())

        def onClose(self, wasClean, code, reason):
            if self.send in peers:
                peers.remove(self.send)

        async def send(self, text):
            self.sendMessage(text.encode())

    factory = WebSocketServerFactory()
    factory.protocol = Talk
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0, ssl=manners.server_tls(o))
    manners.say("listening 127.0.0.1:%d" % server.sockets[0].getsockname()[1])
    await obey(crm, peers)


def offered(headers):
    for key, value in headers.items():
        if key.lower() == "sec-websocket-protocol":
            return value
    return None


def main():
    p = manners.options(__doc__)
    p.add_argument("--subprotocol", default="echo", choices=["echo", "silent", "refuse"])
    o = p.parse_args()
    run = with_websockets if o.library == "websockets" else with_autobahn
    asyncio.run(run(o, manners.CRM(o.format, o.parts), []))


main()
