"""A user's program on the client channel: it logs in, takes a call, and logs out."""

import asyncio
import hashlib
import json
import urllib.request

import manners
import message


class Channel:
    def __init__(self, socket, form):
        self.socket, self.form = socket, form
        self.count = 0
        self.waiting = []

    async def receive(self):
        return message.decode(self.form, await self.socket.recv())

    async def ask(self, name, **fields):
        self.count += 1
        qid = "0.%d" % self.count
        await self.socket.send(message.encode(self.form, name, {"qid": qid, **fields}))
        while True:
            heard, answer = await self.receive()
            if answer["qid"] == qid:
                return heard, answer
            self.waiting.append((heard, answer))

    async def must(self, name, **fields):
        heard, answer = await self.ask(name, **fields)
        assert heard == name + "result" and answer["result"] == 1, (name, heard, answer)
        return answer

    async def event(self, wanted):
        for i, (name, fields) in enumerate(self.waiting):
            if name == wanted:
                del self.waiting[i]
                return fields
        while True:
            name, fields = await self.receive()
            if name == wanted:
                return fields
            self.waiting.append((name, fields))


async def a_call(c, o):
    heard, _ = await c.ask("ping")
    assert heard == "pong", heard
    secret = hashlib.md5(o.password.encode("cp1251")).hexdigest()
    me = await c.must("login", userlogin=o.login, Password=secret)
    assert me["userlogin"] == o.login and me["sessionid"], me
    await c.must("subscribeevent", eventmethod=["phoneevent", "userstatechanged"])
    await simulate(o, "ring", {"from": "79161234567", "to": o.number})
    ring = await c.event("phoneevent_ringstarted")
    assert ring["callerid"] == "79161234567" and ring["userlogin"] == o.login, ring
    line = await c.must("getextendedlineinfo", userlogin=o.login)
    assert line["abonent"], line
    await c.must("pbxanswercall", userlogin=o.login)
    talk = await c.event("phoneevent_commstarted")
    assert talk["chainid"] == ring["chainid"], talk
    await simulate(o, "hangup", {"number": "79161234567"})
    await c.event("phoneevent_commstopped")
    await c.must("logout", userlogin=o.login)


async def simulate(o, order, what):
    def post():
        request = urllib.request.Request(o.sim + order, json.dumps(what).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            answer.read()

    await asyncio.get_running_loop().run_in_executor(None, post)


async def run(o):
    from websockets.exceptions import ConnectionClosed
    from websockets.legacy.client import connect

    tls = manners.client_tls(o) if o.url.startswith("wss:") else None
    async with connect(o.url, subprotocols=[o.format], ssl=tls) as socket:
        assert socket.subprotocol == o.format, socket.subprotocol
        c = Channel(socket, o.format)
        await a_call(c, o)
        try:  # after the logout the server ends the channel
            while True:
                await socket.recv()
        except ConnectionClosed as end:
            manners.say("closed %d" % end.code)


def main():
    p = manners.options(__doc__)
    p.add_argument("--number", help="of the user's telephone")
    p.add_argument("--sim", help="where the simulator takes orders")
    p.add_argument("url")
    asyncio.run(run(p.parse_args()))


main()
