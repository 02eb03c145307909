package market

import "testing"

func TestSalesTaxBySettlementDate(t *testing.T) {
	for _, tt := range []struct {
		settles Date
		rate    string
		assumed bool
	}{
		{19961230, "0.003", true}, {19970103, "0.003", false}, {20190531, "0.003", false}, {20190602, "0.003", false},
		{20190603, "0.0025", false}, {20201230, "0.0025", false}, {20210104, "0.0023", false}, {20221229, "0.0023", false},
		{20230102, "0.002", false}, {20231228, "0.002", false}, {20240102, "0.0018", false}, {20241230, "0.0018", false},
		{20250102, "0.0015", false}, {20251230, "0.0015", false}, {20260102, "0.002", false},
	} {
		for _, board := range []Board{KOSPI, KOSDAQ, ""} {
			rate, assumed := SalesTax(board, Stock, tt.settles)
			if !rate.Equal(won(tt.rate)) || assumed != tt.assumed {
				t.Errorf("%s settled %s: %s, assumed %v; want %s, %v", board, tt.settles, rate, assumed, tt.rate, tt.assumed)
			}
		}
		for _, kind := range []Kind{ETF, ETN} {
			if rate, assumed := SalesTax(KOSPI, kind, tt.settles); !rate.IsZero() || assumed {
				t.Errorf("%s settled %s pays %s", kind, tt.settles, rate)
			}
		}
	}
}

func TestFeeAndTaxAreCutToTheWon(t *testing.T) {
	c := DefaultCosts()
	for _, tt := range []struct {
		value    string
		fee, tax string // tax as of 2026
	}{
		{"723000", "101", "1446"},        // 101.601…, 1446.0
		{"7116", "0", "14"},              // 0.99999…
		{"7117", "1", "14"},              // 1.00013…
		{"499", "0", "0"},                // 0.07, 0.998
		{"500", "0", "1"},                // exactly one won of tax
		{"100000000", "14052", "200000"}, // 14052.7
	} {
		fee, tax := c.Fee(won(tt.value)), c.Tax(won(tt.value), Instrument{Board: KOSPI, Kind: Stock}, 20260105)
		if !fee.Equal(won(tt.fee)) || !tax.Equal(won(tt.tax)) {
			t.Errorf("%s: fee %s, tax %s; want %s, %s", tt.value, fee, tax, tt.fee, tt.tax)
		}
	}
	if fee := (Costs{}).Fee(won("1000000")); !fee.IsZero() {
		t.Errorf("no rate, fee %s", fee)
	}
}
