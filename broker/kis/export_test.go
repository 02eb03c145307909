package kis

// PretendReal makes a client of a simulator speak as on real; New lets the two never meet.
func PretendReal(c *Client) *Client { return pretendReal(c) }
