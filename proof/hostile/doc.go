// Package hostile holds what bad files, careless hands and strange answers do to zlock: ninety-six inputs
// and twenty-five threats by number, each with its tests. docs/inputs.md is made from its tables.
package hostile
