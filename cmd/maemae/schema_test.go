package main

import (
	"bytes"
	"os"
	"testing"
)

func TestSchemaPrintsTheFileBesideTheRules(t *testing.T) {
	want, err := os.ReadFile("../../strategies.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	c := schemaCommand()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetArgs([]string{})
	if err := c.Execute(); err != nil || !bytes.Equal(out.Bytes(), want) {
		t.Errorf("%d bytes are printed, the file has %d: %v", out.Len(), len(want), err)
	}
}
