package methods

import "strings"

// PasswordMD5 gives the two forms in which clients send a password: cased is the md5 of the
// password as typed (field Password), lower that of the lower-cased password (field password),
// both as 32 lower-case hex digits [P 5.2].
func PasswordMD5(text string) (cased, lower string) {
	return md5Hex(windows1251(text)), md5Hex(windows1251(strings.ToLower(text)))
}

// windows1251 is the clients' idea of that code page [P 5.2]: ASCII stays, Cyrillic letters are
// moved into one byte, what lies from 128 to 1024 is left out. Of anything
// that does not fit into a byte then the low eight bits are taken; passwords should not contain it.
func windows1251(text string) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		switch {
		case r == 'Ё':
			out = append(out, 0xA8)
		case r == 'ё':
			out = append(out, 0xB8)
		case r < 128:
			out = append(out, byte(r)) // #nosec G115 -- below 128
		case r > 1024:
			out = append(out, byte(r-848)) // #nosec G115 -- the low eight bits are meant
		}
	}
	return out
}
