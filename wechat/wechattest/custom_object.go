package wechattest

import "strconv"

// object reads the members of a JSON object by their exact keys. A member that
// is missing is empty; one of the wrong type is empty too, and noted.
type object struct {
	members map[string]string // raw
	wrong   *bool             // shared with the objects within
}

// object returns the call's body as an object.
func (c *call) object() object { return newObject(c.body, new(bool)) }

func newObject(raw string, wrong *bool) object {
	o := object{make(map[string]string), wrong}
	if i := space(raw, 0); i < len(raw) && raw[i] != '{' {
		*wrong = true
	}
	for key, raw := range members(raw) {
		o.members[key] = raw
	}
	return o
}

func (o object) has(name string) bool { _, ok := o.members[name]; return ok }

func (o object) text(name string) string {
	raw, ok := o.members[name]
	if !ok {
		return ""
	}
	text, ok := unquote(raw)
	*o.wrong = *o.wrong || !ok
	return text
}

func (o object) number(name string) int64 {
	raw, ok := o.members[name]
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(raw, 10, 64)
	*o.wrong = *o.wrong || err != nil
	return n
}

// texts returns the strings of an array.
func (o object) texts(name string) []string {
	raw := o.members[name]
	*o.wrong = *o.wrong || raw != "" && raw[0] != '['
	var found []string
	for raw := range elements(raw) {
		text, ok := unquote(raw)
		*o.wrong = *o.wrong || !ok
		found = append(found, text)
	}
	return found
}

func (o object) object(name string) object { return newObject(o.members[name], o.wrong) }

func (o object) objects(name string) []object {
	raw := o.members[name]
	*o.wrong = *o.wrong || raw != "" && raw[0] != '['
	var found []object
	for raw := range elements(raw) {
		found = append(found, newObject(raw, o.wrong))
	}
	return found
}
