"""How this CRM behaves, whatever carries its messages."""

import argparse
import asyncio
import base64
import hashlib
import json
import re
import ssl
import sys

import message

# A catalogue of more than 2048 bytes, so that it travels in parts when the CRM splits.
METHODS = [
    {
        "key": "findcontact",
        "name": "Find a contact <fast>",
        "description": "Long. " * 400,
        "inputparams": [{"key": "phone", "name": "Phone", "description": "", "type": "string"}],
        "outputparams": [{"key": "name", "name": "Name", "type": "string"}],
    }
]


def _form(key):
    return {
        "key": key,
        "name": key.title(),
        "description": "",
        "allowcancel": True,
        "defineuser": True,
        "connectiontype": "websocket",
        "inputparams": [{"key": "phone", "name": "Phone", "type": "string"}],
        "outputparams": [None],
    }


FORMS = [_form("card"), _form("note")]


class CRM:
    """Answers what it is asked, and tells the test on stdout what else it hears."""

    def __init__(self, form, parts=False):
        self.form = form
        self.parts = parts
        self.joiner = message.Joiner()
        self.users = {}

    def greeting(self):
        return message.encode(self.form, "whoareyou", {"qid": "hello", **self._myself()})

    def hear(self, text):
        """The frames that answer a frame."""
        name, fields = message.decode(self.form, text)
        if name == "multipart":
            whole = self.joiner.add(fields)
            return [] if whole is None else self.hear(whole)
        answer = getattr(self, "on_" + name, None)
        if answer is None:
            say(json.dumps([name, fields]))
            return []
        reply, out = answer(fields)
        if reply is None:
            return []
        frame = message.encode(self.form, reply, out)
        if self.parts and len(frame.encode()) > 2048:
            return message.split(self.form, frame)
        return [frame]

    def _myself(self):
        return {"type": "ws-server", "name": "Foreign CRM", "version": "3.0"}

    def on_whoareyou(self, fields):
        if fields["type"] != "commserver":
            raise ValueError("who is " + fields["type"])
        return "iam", {"qid": fields["qid"], **self._myself()}

    def on_getavailablemethods(self, fields):
        return "availablemethods", {"qid": fields["qid"], "methods": METHODS}

    def on_getavailableforms(self, fields):
        return "availableforms", {"qid": fields["qid"], "forms": FORMS}

    def on_getactiveusers(self, fields):
        users = [{"userlogin": login, "userid": guid, "type": "page"} for login, guid in self.users.items()]
        return "activeusers", {"qid": fields["qid"], "users": users}

    def on_ping(self, fields):
        return "pong", fields

    def on_loginresult(self, fields):
        if fields["result"] == 1:
            self.users[fields["userlogin"]] = fields["userid"]
        say(json.dumps(["loginresult", fields]))
        return None, None

    def on_executemethod(self, fields):
        phone = fields["inputparameters"]["phone"]
        values = {"name": "Zoë & Сыновья <%s>" % phone, "found": 2, "tags": ["a", "b"]}
        return "methodresult", {"qid": fields["qid"], "outputparameters": values}

    def on_showform(self, fields):
        say(json.dumps(["showform", fields]))
        if fields["formkey"] != "card":
            return None, None
        return "formresult", {
            "windowid": fields["windowid"],
            "userlogin": fields["userlogin"],
            "button": "save",
            "outputparameters": {"subject": "seen " + fields["inputparameters"]["phone"]},
        }

    def on_callrecord(self, fields):
        say(json.dumps(["callrecord", fields]))
        return "callrecordresult", {"qid": fields["qid"], "result": 1}


def say(line):
    print(line, flush=True)


async def orders():
    """Frames that the test wants to be sent, a JSON array in a line; they end with stdin."""
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


def options(description):
    """The options that all scripts share."""
    p = argparse.ArgumentParser(description=description)
    p.add_argument("--library", default="websockets", choices=["websockets", "autobahn"])
    p.add_argument("--format", default="json", choices=["json", "xml"])
    p.add_argument("--parts", action="store_true", help="send long messages in parts")
    p.add_argument("--auth", default="none", choices=["none", "basic", "digest"])
    p.add_argument("--login", default="")
    p.add_argument("--password", default="")
    p.add_argument("--ca", help="whom to believe")
    p.add_argument("--cert", help="our certificate and its key in one file")
    p.add_argument("--demand", action="store_true", help="demand a certificate of who connects")
    return p


def server_tls(o):
    if not o.cert:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=o.ca)
    context.load_cert_chain(o.cert)
    if o.demand:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_tls(o):
    context = ssl.create_default_context(cafile=o.ca)
    if o.cert:
        context.load_cert_chain(o.cert)
    return context


NONCE = "c3RyYW5nZXI="


def challenge(o, method, header):
    """What a request without the right Authorization is asked for; None when it has it."""
    if o.auth == "basic":
        right = base64.b64encode((o.login + ":" + o.password).encode()).decode()
        return None if header == "Basic " + right else 'Basic realm="foreign", charset="UTF-8"'
    if o.auth == "digest" and not _digest_fits(o, method, header or ""):
        return 'Digest realm="foreign", qop="auth", nonce="%s", algorithm=MD5' % NONCE
    return None


def _digest_fits(o, method, header):
    if not header.startswith("Digest "):
        return False
    f = {k: quoted or plain for k, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,"]+))', header)}
    if f.get("nonce") != NONCE or f.get("realm") != "foreign" or f.get("username") != o.login or f.get("qop") != "auth":
        return False
    secret = _md5(":".join([o.login, "foreign", o.password]))
    wanted = _md5(":".join([secret, NONCE, f["nc"], f["cnonce"], "auth", _md5(method + ":" + f["uri"])]))
    return f["response"] == wanted


def _md5(text):
    return hashlib.md5(text.encode()).hexdigest()
