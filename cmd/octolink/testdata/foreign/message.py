"""Messages as JSON and as XML, written from docs/protocol.md alone (sections 3.1, 3.4 and 3.5).

The XML goes through the parser of the standard library, so that it is seen by somebody else's eyes.
"""

import base64
import json
import uuid
import xml.etree.ElementTree as ElementTree


def encode(form, name, fields):
    """The text of one frame."""
    if form == "json":
        return json.dumps([name, fields], ensure_ascii=False)
    root = ElementTree.Element("oktellxmlmapper", version="80710")
    data = ElementTree.SubElement(root, "data", name=name, count="1")
    params = ElementTree.SubElement(data, "property_set", name="params")
    for key, value in fields.items():
        _write(params, key, value)
    return ElementTree.tostring(root, encoding="unicode")


def decode(form, text):
    """The name and the fields of one frame."""
    if form == "json":
        name, fields = json.loads(text)
        if not isinstance(fields, dict):
            raise ValueError("the parameters are no object")
        return name, fields
    root = ElementTree.fromstring(text)
    if root.tag != "oktellxmlmapper":
        raise ValueError("the root is " + root.tag)
    (data,) = root.findall("data")
    (params,) = data.findall("property_set")
    if params.get("name") != "params":
        raise ValueError("no parameters")
    return data.get("name"), _read(params)


def split(form, text):
    """The same message in parts, each a slice of the base64 text of the whole one."""
    packed = base64.b64encode(text.encode()).decode()
    slices = [packed[i : i + 2048] for i in range(0, len(packed), 2048)]
    group = str(uuid.uuid4())
    return [
        encode(form, "multipart", {
            "message-id": group,
            "packetcount": len(slices),
            "packetnumber": number,
            "content-type": "text/%s; charset=utf-8" % form,
            "content-transfer-encoding": "base64",
            "content-length": len(piece),
            "content": piece,
        })
        for number, piece in enumerate(slices)
    ]


class Joiner:
    """Puts the parts of messages together again."""

    def __init__(self):
        self.groups = {}

    def add(self, fields):
        """The whole text with the last part, None before."""
        parts = self.groups.setdefault(fields["message-id"], {})
        if len(fields["content"]) != fields["content-length"]:
            raise ValueError("content-length is wrong")
        parts[fields["packetnumber"]] = base64.b64decode(fields["content"], validate=True)
        if len(parts) < fields["packetcount"]:
            return None
        del self.groups[fields["message-id"]]
        return b"".join(parts[i] for i in range(fields["packetcount"])).decode()


def _write(parent, key, value):
    named = {} if key is None else {"name": key}
    if isinstance(value, dict):
        inner = ElementTree.SubElement(parent, "property_set", named)
        for k, v in value.items():
            _write(inner, k, v)
    elif isinstance(value, list):
        inner = ElementTree.SubElement(parent, "property_collection", named, count=str(len(value)))
        for v in value:
            _write(inner, None, v)
    elif isinstance(value, str) and "\n" in value:
        ElementTree.SubElement(parent, "property_cdata", key=key or "").text = value
    else:
        kind, text = _scalar(value)
        ElementTree.SubElement(parent, "property_simple", key=key or "", value=text, **kind)


def _scalar(value):
    if value is None:
        return {"type": "null"}, ""
    if isinstance(value, bool):
        return {"type": "bool"}, str(int(value))
    if isinstance(value, (int, float)):
        return {"type": type(value).__name__}, str(value)
    return {}, value


def _read(element):
    if element.tag == "property_set":
        return {child.get("key") or child.get("name"): _read(child) for child in element}
    if element.tag == "property_collection":
        items = [_read(child) for child in element]
        if int(element.get("count")) != len(items):
            raise ValueError("count is wrong")
        return items
    if element.tag == "property_cdata":
        text = element.text or ""
        return base64.b64decode(text).decode() if element.get("type") == "base64" else text
    if element.tag != "property_simple":
        raise ValueError("unknown element " + element.tag)
    return _value(element.get("type", "str"), element.get("value"))


def _value(kind, text):
    return {
        "str": str,
        "int": int,
        "float": float,
        "bool": lambda t: t in ("1", "true"),
        "null": lambda t: None,
    }[kind](text)
