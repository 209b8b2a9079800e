module github.com/everwire/everwire/bench

go 1.25.0

replace github.com/everwire/everwire => ../

require github.com/everwire/everwire v0.0.0-00010101000000-000000000000
