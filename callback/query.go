package callback

import (
	"net/url"
	"strings"
)

// maxQuery bounds the raw query. WeChat's parameters have about 200 bytes. The account owner
// chooses the rest of the URL.
const maxQuery = 8 << 10

// query has WeChat's parameters of a callback URL. A missing parameter is empty.
type query struct {
	signature, msgSignature, timestamp, nonce, encryptType, echostr, openid string
}

// scanQuery reads WeChat's parameters from a raw query, the first of each name as [url.Values.Get]
// does. It copies only escaped values. It ignores the values of all other parameters, which belong
// to the account owner and can be anything.
func scanQuery(raw string) (query, error) {
	var q query
	if len(raw) > maxQuery {
		return q, errQuery
	}
	escaped := strings.IndexByte(raw, '%') >= 0 || strings.IndexByte(raw, '+') >= 0 || strings.IndexByte(raw, ';') >= 0
	var seen uint8
	for raw != "" {
		pair := raw
		if end := strings.IndexByte(raw, '&'); end >= 0 {
			pair, raw = raw[:end], raw[end+1:]
		} else {
			raw = ""
		}
		name, value := pair, ""
		if equals := strings.IndexByte(pair, '='); equals >= 0 {
			name, value = pair[:equals], pair[equals+1:]
		}
		if escaped {
			name = plainName(name)
		}
		to, bit := q.field(name)
		if to == nil || seen&bit != 0 {
			continue
		}
		if escaped {
			var err error
			if value, err = plainValue(value); err != nil && to != &q.openid { // no signature covers openid
				return query{}, err
			}
		}
		*to, seen = value, seen|bit
	}
	return q, nil
}

// field returns the field of a parameter and its bit, or nil for any other parameter.
func (q *query) field(name string) (*string, uint8) {
	switch name {
	case "signature":
		return &q.signature, 1
	case "msg_signature":
		return &q.msgSignature, 2
	case "timestamp":
		return &q.timestamp, 4
	case "nonce":
		return &q.nonce, 8
	case "encrypt_type":
		return &q.encryptType, 16
	case "echostr":
		return &q.echostr, 32
	case "openid":
		return &q.openid, 64
	}
	return nil, 0
}

// plainName unescapes the name of a parameter. It returns "" for a broken escape.
func plainName(name string) string {
	if strings.IndexByte(name, '%') < 0 {
		return name
	}
	plain, err := url.QueryUnescape(name)
	if err != nil {
		return ""
	}
	return plain
}

// plainValue unescapes a value.
func plainValue(value string) (string, error) {
	if strings.IndexByte(value, ';') >= 0 {
		return "", errQuery // some proxies split there, net/http does not
	}
	plain, err := url.QueryUnescape(value)
	if err != nil {
		return "", errQuery // the cause would quote the request
	}
	return plain, nil
}

// complete reports whether the query has the parameters that every push and every check has.
func (q *query) complete() bool {
	return q.timestamp != "" && q.nonce != "" && (q.signature != "" || q.msgSignature != "")
}

// encrypted reports whether the query says that the push is encrypted.
func (q *query) encrypted() bool { return q.msgSignature != "" || q.encryptType == "aes" }

// seconds returns the timestamp. It returns false if the timestamp is not a plain number of
// seconds.
func (q *query) seconds() (int64, bool) {
	const digits = 12 // of seconds, enough for 30,000 years and too few to overflow
	if len(q.timestamp) > digits {
		return 0, false
	}
	return natural(q.timestamp)
}
