package photofile

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
)

// hostRule is an entry of Config.Hosts.
type hostRule struct {
	name   string // lower case, without port; of a suffix with its leading dot
	suffix bool
	port   string // "": the scheme's own
}

// parseRule reads photos.example.com, *.example.com or photos.example.com:8443.
func parseRule(entry string) (hostRule, error) {
	r := hostRule{name: strings.ToLower(strings.TrimSpace(entry))}
	if host, port, err := net.SplitHostPort(r.name); err == nil {
		r.name, r.port = host, port
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return r, fmt.Errorf("photofile: %q is no host; write it like photos.example.com, without https://", entry)
		}
	}
	r.name = strings.TrimSuffix(strings.TrimPrefix(r.name, "["), "]") // IPv6
	if rest, ok := strings.CutPrefix(r.name, "*"); ok {
		r.name, r.suffix = rest, true
		if strings.Count(rest, ".") < 2 || rest[0] != '.' {
			return r, fmt.Errorf("photofile: %q would allow a whole top-level domain; write it like *.example.com", entry)
		}
	}
	if r.name == "" || !plainHost(strings.TrimPrefix(r.name, ".")) || strings.HasPrefix(r.name, "..") {
		return r, fmt.Errorf("photofile: %q is no host; write it like photos.example.com or *.example.com", entry)
	}
	return r, nil
}

// plainHost reports whether a host is written in ASCII and nothing odd. A name
// in Chinese is to be written in its xn-- form: its letters could turn into
// dots and slashes on the way to the resolver.
func plainHost(host string) bool {
	for _, c := range []byte(host) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' && c != ':' {
			return false
		}
	}
	return host != "" && !strings.HasPrefix(host, ".") && !strings.HasSuffix(host, ".")
}

func (r hostRule) allows(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	if r.suffix && !strings.HasSuffix(host, r.name) || !r.suffix && host != r.name {
		return false
	}
	port := u.Port()
	if port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		return r.port == "" || r.port == port
	}
	return port == r.port
}

// closed are the networks that no photo comes from, beside those that netip
// knows by name.
var closed = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),    // carriers' NAT; Alibaba Cloud's metadata at 100.100.100.200
	netip.MustParsePrefix("168.63.129.16/32"), // Azure's own services
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"), // Teredo and other tunnels
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // 6to4: any IPv4 address inside
	netip.MustParsePrefix("3fff::/20"),
}

var (
	globalIPv6 = netip.MustParsePrefix("2000::/3")
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
)

// public reports whether an address is one of the open internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if nat64.Contains(a) { // an IPv4 address for networks that have none
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Is6() && !globalIPv6.Contains(a) {
		return false
	}
	for _, p := range closed {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// control looks at the address that a connection is about to be made to, which
// is what the name resolved to for this very connection.
func (o *Opener) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrPrivate
	}
	if public(at.Addr()) || o.loopback && at.Addr().Unmap().IsLoopback() {
		return nil
	}
	return ErrPrivate
}
