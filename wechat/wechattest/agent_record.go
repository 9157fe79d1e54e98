package wechattest

import "github.com/org/wxhome/custom"

// The platform's limits on a query for records.
const (
	maxRecordSpan = 24 * 60 * 60 // seconds
	maxRecords    = 10_000
)

// AddRecords adds to what agents and followers have said (聊天记录). Nothing
// else does: not even a message that is sent in an agent's name.
func (a *Account) AddRecords(records ...custom.Record) {
	a.staff.mu.Lock()
	defer a.staff.mu.Unlock()
	a.staff.records = append(a.staff.records, records...)
}

type recordItem struct {
	OpenID    string `json:"openid"`
	Operation int    `json:"opercode"`
	Text      string `json:"text"`
	Time      int64  `json:"time"`
	Worker    string `json:"worker"`
}

// listRecords serves POST /customservice/msgrecord/getmsglist. The id of a
// record is its place among all, from 1 on; the answer's is that of the next.
func (c *call) listRecords() reply {
	in := c.object()
	from, to := in.number("starttime"), in.number("endtime")
	id, number := in.number("msgid"), in.number("number")
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case from <= 0 || to < from || id < 1 || number < 1 || number > maxRecords:
		return c.refuse(65416)
	case to-from > maxRecordSpan:
		return c.refuse(65417)
	}
	s := &c.account.staff
	s.mu.Lock()
	defer s.mu.Unlock()
	items := []recordItem{}
	for ; id <= int64(len(s.records)) && int64(len(items)) < number; id++ {
		r := s.records[id-1]
		if at := r.Time.Unix(); at >= from && at <= to {
			items = append(items, recordItem{r.OpenID, r.Operation, r.Text, at, r.Agent})
		}
	}
	return c.success(struct {
		List   []recordItem `json:"recordlist"`
		Number int          `json:"number"`
		MsgID  int64        `json:"msgid"`
	}{items, len(items), id})
}
