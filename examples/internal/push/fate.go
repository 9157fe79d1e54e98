package push

// choice is what decides about a recipient besides the rows: the campaign's kind, and what a
// person has said.
type choice struct {
	own    rival
	resend bool // -resend-unknown: rows in doubt are no reason to wait
	about  only // whom that is about
	shifts []shift
	made   func(openid string, values content) error // why a message cannot be made; nil: it can
}

// fate is what a load makes of a recipient's row.
type fate struct {
	state     string    // the row's; empty: no row is made, or the one that is there stays
	unchanged bool      // there is no row, and none is needed
	reason    string    // the row's error
	newer     bool      // the row's message was accepted, and the pupil has another photo now, which nobody has sent
	doubt     *foreign  // the row that holds this one back
	supersede []foreign // rows that were never sent, of campaigns that began earlier
	settle    []foreign // rows in doubt that a person's decision ends
}

// decide is the rule of one person, one campaign, and of doubt that holds. own is the campaign's
// row, nil for none; theirs are the other campaigns' rows of the same person.
func (c choice) decide(own *held, x entry, theirs []foreign) fate {
	var f fate
	var accepted, later *foreign
	for i := range theirs {
		t := &theirs[i]
		same, rivals := c.shows(*t, x.photo), !c.own.apart && !t.campaign.apart
		ends := c.resend && c.about.includes(x.person) && same && t.state == stateUnknown
		switch {
		case same && t.state == stateAccepted:
			accepted = t
		case ends && t.inDoubt():
			f.settle = append(f.settle, *t)
		case same && t.inDoubt() && f.doubt == nil:
			f.doubt = t
		}
		switch {
		case !rivals || t.state == stateSkipped:
		case t.state == stateFailed: // nothing that sends
		case !t.campaign.after(c.own) && t.unsent():
			f.supersede = append(f.supersede, *t)
		case !t.campaign.after(c.own):
		case ends && own != nil: // who decides here decides against the later one
			if t.heldBack() {
				f.settle = append(f.settle, *t)
			}
		case later == nil:
			later = t
		}
	}
	return c.judge(own, x, f, accepted, later)
}

// judge chooses the row's state.
func (c choice) judge(own *held, x entry, f fate, accepted, later *foreign) fate {
	switch {
	case own != nil && !own.open():
		if own.state == stateSkipped || own.state == stateFailed {
			f.supersede = nil
		}
		return fate{supersede: f.supersede, newer: own.state == stateAccepted && accepted == nil && later == nil && !c.shows(own.shown(), x.photo)}
	case accepted != nil && !c.own.apart:
		return elsewhere(own, whySent.of(accepted.campaign.name))
	case later != nil:
		return elsewhere(own, whySuperseded.of(later.campaign.name))
	case x.fault != nil:
		return fate{state: stateFailed, reason: x.fault.Error()} // it takes nothing away from another campaign
	case f.doubt != nil && accepted == nil:
		f.state, f.settle = stateUnknown, nil
		f.reason = whyHeld.of(f.doubt.campaign.name)
	default:
		f.state, f.doubt = statePending, nil
	}
	return f
}

// elsewhere leaves the person to another campaign.
func elsewhere(own *held, reason string) fate {
	if own == nil {
		return fate{unchanged: true}
	}
	return fate{state: stateSkipped, reason: reason}
}
