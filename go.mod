module github.com/everwire/everwire

go 1.25.0

require (
	github.com/klauspost/compress v1.20.3
	go.uber.org/goleak v1.3.0
	golang.org/x/net v0.58.0
	golang.org/x/sys v0.47.0
	golang.org/x/time v0.15.0
)

require golang.org/x/text v0.41.0 // indirect
