package zoho

// RetryAfter lets tests reach the reader of the header.
var RetryAfter = retryAfter

// CheckDialled judges the address to which a name has led.
var CheckDialled = checkDialled

// Widen opens the slots up to the cap, as calls that went well would in time.
func Widen(l *Limiter) *Limiter {
	l.slots.window = float64(l.slots.cap)
	return l
}

// DecodeLoosely reads a JSON text as an answer's body is read.
func DecodeLoosely(body []byte) (any, error) {
	v, err := decodeLoosely(body)
	return unnamed(v), err
}

// unnamed turns the objects of v into maps, to compare them with.
func unnamed(v any) any {
	switch v := v.(type) {
	case object:
		m := map[string]any{}
		for k, inner := range v {
			m[k] = unnamed(inner)
		}
		return m
	case []any:
		for i := range v {
			v[i] = unnamed(v[i])
		}
	}
	return v
}
