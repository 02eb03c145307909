package strategy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A rule that has nearly everything is explained in Korean, with the words of the rule language as they are.
func TestARuleIsExplainedInKorean(t *testing.T) {
	rule := load(t,
		`params: {fast: {default: 5, min: 3, max: 15, step: 2}}`,
		`let: {fast: "sma(close, $fast)", slow: "sma(close, 20)"}`,
		`buy: "(fast crosses above slow and rsi(close, 14) < 70 and not close between 1000 and 2000) or pattern(engulfing).bullish or (close > high)[2]"`,
		`sell: fast crosses below slow`,
		`size: 10% of equity`,
		`capital: 5,000,000 KRW`,
		`order: limit - 1 tick`,
		`exits: {stop_loss: 5%, take_profit: 15%, trailing_stop: 7%, max_holding: 20 sessions}`)
	const want = `rule
  종목 005930, 개장일마다 "close - 15m"에 판단, 형성 중인 오늘 봉 포함
  매수: 평가금액의 10% (자본 5,000,000원) (주문: limit - 1 tick), 조건:
    다음 중 하나를 만족:
      - 다음을 모두 만족:
        - fast: slow 상향 돌파
        - rsi(close, 14): 70 미만
        - 다음이 아닐 것: close: 1000 이상 2000 이하
      - Engulfing 패턴 출현 (bullish)
      - 2봉 전: close: high 초과
  매도: 전량, 조건:
    fast: slow 하향 돌파
  조건과 관계없이 매도:
    가격이 평균 매수가보다 5% 이상 낮을 때 (stop_loss)
    가격이 평균 매수가보다 15% 이상 높을 때 (take_profit)
    가격이 매수 이후 최고가보다 7% 이상 낮을 때 (trailing_stop)
    보유한 지 20거래일이 되었을 때 (max_holding)
  이름과 지표
    fast = sma(close, 5)
    slow = sma(close, 20)
    sma(close, 5): Simple moving average, period 5
    sma(close, 20): Simple moving average, period 20
    rsi(close, 14): Relative strength index, period 14
    pattern(engulfing): Engulfing
  $fast: 5, 탐색 범위 3–15, 간격 2
  봉이 21개 있어야 판단 시작`
	if got := rule.Words("ko"); got != want {
		t.Error(cmp.Diff(want, got))
	}
}
