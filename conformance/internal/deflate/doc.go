// Package deflate is DEFLATE (RFC 1951) as permessage-deflate uses it (RFC 7692), for a suite that judges
// others: an [Inflater] that tells when a distance goes beyond the window that was agreed on, a [Deflater]
// that stays within one, and a [BlockWriter] whose blocks are as its caller wants them, right or wrong.
package deflate
