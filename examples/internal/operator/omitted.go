package operator

import "github.com/org/wxhome/examples/internal/push"

// LeftOut says how many rows of the school are no recipients, and why.
func (l Language) LeftOut(s push.Summary) string {
	if s.NoOpenID+s.NoPhoto != s.LeftOut { // the ledger does not keep why
		return l.Text("%d rows left out (no openid or no photo)", s.LeftOut)
	}
	return l.Text("%d rows left out (%d without an openid, %d without a photo under their student_id)", s.LeftOut, s.NoOpenID, s.NoPhoto)
}

// Early says how many recipients -since leaves out; empty: none.
func (l Language) Early(s push.Summary) string {
	if s.Omitted.Early == 0 {
		return ""
	}
	return l.Text("%d left out by -since: their newest photo is older, or has no time", s.Omitted.Early)
}

// Alike shows two student ids that may be one pupil's; empty: none were found.
func (l Language) Alike(s push.Summary) string {
	if s.Omitted.Alike == nil {
		return ""
	}
	return l.Text("student_id %q of parent_wechat_bind has no photo, and %q of student_photo has one: ids are compared character by character, so write them alike in both tables, with the same zeros, blanks and capital letters",
		s.Omitted.Alike.Bound, s.Omitted.Alike.Shown)
}
