package main

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/org/wxhome/examples/internal/photofile"
	"github.com/org/wxhome/examples/internal/school"
)

// checkedPhotos is how many of the newest photos are checked at start.
const checkedPhotos = 1000

// maxHosts is how many hosts a warning names.
const maxHosts = 5

// checkPhotos warns of photos that could not be sent because of where they are.
// It asks neither the network nor the disk.
func (s *site) checkPhotos(ctx context.Context) {
	photos, err := school.NewestPhotos(ctx, s.school.DB, checkedPhotos)
	if err != nil {
		s.p.warn("the photos could not be checked: %s", s.p.describe(err))
		return
	}
	bad, unusable := 0, 0
	var hosts []string
	for _, photo := range photos {
		err := s.photos.Check(photo.URL)
		switch {
		case err == nil:
			continue
		case !errors.Is(err, photofile.ErrHost):
			unusable++
			continue
		}
		bad++
		if u, err := url.Parse(strings.TrimSpace(photo.URL)); err == nil && !slices.Contains(hosts, u.Host) {
			hosts = append(hosts, u.Host)
		}
	}
	if bad > 0 {
		slices.Sort(hosts)
		list := strings.Join(hosts[:min(len(hosts), maxHosts)], ", ")
		if len(hosts) > maxHosts {
			list += ", ..."
		}
		s.p.warn("%d of the newest %d photos are on hosts that -photo-hosts does not allow: %s", bad, len(photos), list)
	}
	if unusable > 0 {
		s.p.warn("%d of the newest %d photos have addresses that cannot be used: neither https:// nor a path in -photo-dir", unusable, len(photos))
	}
}
