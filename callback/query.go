package callback

import (
	"errors"
	"net/url"
	"strings"
)

// maxQuery bounds the raw query. What WeChat sends is about 200 bytes, and the rest of the URL
// is the account owner's.
const maxQuery = 8 << 10

// errQuery is what a query is refused with; the query itself stays out of it.
var errQuery = errors.New("callback: the query is malformed")

// query is what WeChat puts into the URL of a callback. A parameter that is absent is empty.
type query struct {
	signature, msgSignature, timestamp, nonce, encryptType, echostr string
}

// scanQuery reads the parameters that matter from a raw query, the first of each name as
// [url.Values.Get] would. It copies only what is escaped, and looks at no other parameter's
// value: those are the account owner's and may be anything.
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
			if value, err = plainValue(value); err != nil {
				return query{}, err
			}
		}
		*to, seen = value, seen|bit
	}
	return q, nil
}

// field returns where a parameter belongs and its bit, or nil if it is none of WeChat's.
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
	}
	return nil, 0
}

// plainName undoes the escapes of a parameter's name. A broken one is nobody's.
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

// plainValue undoes the escapes of a value.
func plainValue(value string) (string, error) {
	if strings.IndexByte(value, ';') >= 0 {
		return "", errQuery // some proxies split there, net/http does not: no guessing
	}
	plain, err := url.QueryUnescape(value)
	if err != nil {
		return "", errQuery // the cause quotes what came in
	}
	return plain, nil
}

// complete reports whether the parameters are there that every push and every check has.
func (q *query) complete() bool {
	return q.timestamp != "" && q.nonce != "" && (q.signature != "" || q.msgSignature != "")
}

// encrypted reports whether the push says that it is encrypted.
func (q *query) encrypted() bool { return q.msgSignature != "" || q.encryptType == "aes" }

// seconds returns the timestamp. One that is no plain number of seconds is refused.
func (q *query) seconds() (int64, bool) {
	const digits = 12 // of seconds, enough for 30,000 years and too few to overflow
	if len(q.timestamp) > digits {
		return 0, false
	}
	return natural(q.timestamp)
}
