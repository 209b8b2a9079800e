// Package pause is what scripts/shake has the code call before each of its statements. Nothing else uses it.
package pause
