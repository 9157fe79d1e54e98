package main

import (
	"maps"
	"slices"
	"testing"

	"github.com/org/wxhome/examples/internal/operator/languagetest"
)

func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	used := append(languagetest.Lines(t, "text", "say", "warn"), helpText)
	languagetest.Complete(t, chinese(), slices.AppendSeq(used, maps.Values(flagTexts)))
}
