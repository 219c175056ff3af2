package web

import (
	"bytes"
	"encoding/binary"
)

const orientationTag = 0x0112

// jpegOrientation finds the orientation mark of a JPEG file: 1 to 8, or 0 when it has none. It
// reads the segments before the picture's data and believes no length that it finds there.
func jpegOrientation(file []byte) int {
	rest, ok := bytes.CutPrefix(file, []byte{0xFF, 0xD8})
	for ok && len(rest) >= 4 && rest[0] == 0xFF && rest[1] != 0xDA {
		size := int(binary.BigEndian.Uint16(rest[2:]))
		if size < 2 || len(rest) < 2+size {
			return 0
		}
		if tiff, is := bytes.CutPrefix(rest[4:2+size], []byte("Exif\x00\x00")); rest[1] == 0xE1 && is {
			return tiffOrientation(tiff)
		}
		rest = rest[2+size:]
	}
	return 0
}

// tiffOrientation reads the mark from the first directory of a TIFF structure.
func tiffOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.LittleEndian
	if bytes.HasPrefix(tiff, []byte("MM")) {
		order = binary.BigEndian
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 0
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			return 0
		}
		if order.Uint16(entries) == orientationTag {
			return orientationValue(order.Uint16(entries[8:]))
		}
		entries = entries[12:]
	}
	return 0
}

func orientationValue(v uint16) int {
	if v > 8 {
		return 0
	}
	return int(v)
}
