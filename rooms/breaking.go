package rooms

// audience is who hears what somebody says, themselves included: everyone in
// the same breakout room, and while none are open everyone inside. Who is in no
// list, as a program, speaks to the main room.
func (r *room) audience(p *person) []*person {
	var list []*person
	for _, other := range r.inside {
		if other.group == p.group {
			list = append(list, other)
		}
	}
	return list
}
