package custom

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// word is a string that may come as a number.
type word string

func (w *word) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(w))
	}
	var n json.Number
	err := json.Unmarshal(b, &n)
	*w = word(n)
	return err
}

// unix is a time in seconds that may come quoted. 0 and "" are the zero time.
type unix int64

func (u *unix) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "" || text == "null" {
		*u = 0
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return &json.UnmarshalTypeError{Value: "a time that is no number of seconds"}
	}
	*u = unix(n)
	return nil
}

func (u unix) time() time.Time {
	if u == 0 {
		return time.Time{}
	}
	return time.Unix(int64(u), 0)
}
