package methods_test

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/octolink/octolink/protocol/methods"
)

func TestPasswordMD5(t *testing.T) {
	for _, tt := range []struct{ name, password, cased, lower string }{
		{"latin", "Secret", "1e6947ac7fb3a9529a9726eb692c8cc5", "5ebe2294ecd0e0f08eab7690d2a6ee69"},
		{"cyrillic", "Пароль1", "36c0a954ef35ce99ecc3626a739157ee", "10dcd8286cb863a70b894f2b6976d35f"},
		// é is dropped, so it is the password "cafe" without its last letter.
		{"between the alphabets", "café", md5Of("caf"), md5Of("caf")},
		{"io", "Ёё", md5Of("\xa8\xb8"), md5Of("\xb8\xb8")},
		{"empty", "", "d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cased, lower := methods.PasswordMD5(tt.password)
			if cased != tt.cased || lower != tt.lower {
				t.Errorf("got %s %s, want %s %s", cased, lower, tt.cased, tt.lower)
			}
		})
	}
}

func md5Of(bytes string) string {
	sum := md5.Sum([]byte(bytes))
	return hex.EncodeToString(sum[:])
}

func ExamplePasswordMD5() {
	cased, lower := methods.PasswordMD5("Secret")
	fmt.Println(cased)
	fmt.Println(lower)
	// Output:
	// 1e6947ac7fb3a9529a9726eb692c8cc5
	// 5ebe2294ecd0e0f08eab7690d2a6ee69
}
