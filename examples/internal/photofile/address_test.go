package photofile

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHosts(t *testing.T) {
	t.Parallel()
	o := opener(t, Config{Hosts: []string{"photos.example.com", "*.School.example", "cdn.example.com:8443", "8.8.8.8", " spaces.example "}})
	for _, good := range []string{
		"https://photos.example.com/a.jpg", "http://photos.example.com/a.jpg", "HTTPS://PHOTOS.example.COM/a.jpg", "https://photos.example.com:443/a.jpg", "http://photos.example.com:80/a.jpg",
		"https://a.school.example/", "https://a.b.school.example/x", "https://cdn.example.com:8443/x", "http://8.8.8.8/x", "https://spaces.example/x",
	} {
		assert.NoError(t, o.Check(good), good)
	}
	for bad, want := range map[string]error{
		"https://evil.example/a.jpg": ErrHost, "https://photos.example.com.evil.example/a.jpg": ErrHost, "https://xphotos.example.com/": ErrHost,
		"https://school.example/": ErrHost, "https://evilschool.example/": ErrHost, "https://photos.example.com:8080/": ErrHost, "http://photos.example.com:443/": ErrHost,
		"https://photos.example.com:22/": ErrHost, "https://cdn.example.com/x": ErrHost, "https://cdn.example.com:443/x": ErrHost, "https://photos.example.com./": ErrHost,
		"https://evil.example℀.school.example/": ErrHost, "https://照片.school.example/": ErrHost, "https://a%2f.school.example/": ErrAddress,
		"https://photos.example.com@evil.example/": ErrAddress, "https://evil.example#@photos.example.com/": ErrHost, "https://evil.example\\@photos.example.com/": ErrAddress,
		"https://evil.example?.school.example/": ErrHost, "ftp://photos.example.com/": ErrAddress, "javascript://photos.example.com/%0a": ErrAddress,
		"photos.example.com/a.jpg": ErrAddress, "https://": ErrAddress, "https:///a": ErrAddress, "https://photos.example.com:x/": ErrAddress, "//photos.example.com/a.jpg": ErrAddress,
		"http://0x08080808/": ErrHost, "http://134744072/": ErrHost, "https://[fe80::1%25eth0]/": ErrHost, "": ErrAddress,
	} {
		err := o.Check(bad)
		require.ErrorIs(t, err, want, bad)
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"8.8.8.8": true, "101.89.47.18": true, "2400:3200::1": true, "::ffff:8.8.8.8": true, "64:ff9b::808:808": true, "100.63.255.255": true, "100.128.0.1": true,
		"127.0.0.1": false, "127.9.9.9": false, "::1": false, "::ffff:127.0.0.1": false, "::127.0.0.1": false, "0.0.0.0": false, "0.1.2.3": false, "::": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "fd00::1": false, "fc00::1": false, "fec0::1": false,
		"169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "2400:3200::1%x": true, "fd00:ec2::254": false, "100.100.100.200": false, "100.64.0.1": false, "100.127.255.255": false,
		"168.63.129.16": false, "192.0.0.192": false, "192.0.2.1": false, "198.18.0.1": false, "198.19.255.255": false, "198.51.100.1": false, "203.0.113.1": false, "192.88.99.1": false,
		"224.0.0.1": false, "ff02::1": false, "240.0.0.1": false, "255.255.255.255": false, "2001:db8::1": false, "2001::1": false, "2002:7f00:1::": false,
		"64:ff9b::7f00:1": false, "64:ff9b::a00:1": false, "64:ff9b:1::808:808": false, "3fff::1": false, "4000::1": false,
	} {
		assert.Equal(t, want, public(netip.MustParseAddr(address)), address)
	}
	assert.False(t, public(netip.Addr{}))
}

func TestControl(t *testing.T) {
	t.Parallel()
	plain, knob := opener(t, Config{}), opener(t, Config{AllowLoopback: true})
	for address, want := range map[string][2]bool{
		"8.8.8.8:443": {true, true}, "127.0.0.1:80": {false, true}, "[::1]:80": {false, true}, "[::ffff:127.0.0.1]:80": {false, true}, "10.0.0.1:80": {false, false}, "nonsense": {false, false},
	} {
		assert.Equal(t, want, [2]bool{plain.control("tcp", address, nil) == nil, knob.control("tcp", address, nil) == nil}, address)
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"https://photos.example.com/a", "../x", `a\b`, "https://evil.example", "https://[::1]/", "//x", "照片.jpg"} {
		f.Add(seed)
	}
	o, err := New(Config{Hosts: []string{"photos.example.com", "*.school.example"}, Dir: f.TempDir()})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, address string) {
		p, err := o.locate(address)
		switch {
		case err != nil:
			assert.Equal(t, place{}, p)
		case p.url != nil:
			host := strings.ToLower(p.url.Hostname())
			assert.True(t, host == "photos.example.com" || strings.HasSuffix(host, ".school.example"), "%q", address)
			assert.Nil(t, p.url.User)
		default:
			assert.NotContains(t, "/"+p.path+"/", "/../")
			assert.False(t, strings.HasPrefix(p.path, "/"))
		}
	})
}
