package indicator

// catalogue is every indicator, in the order they are shown.
var catalogue = [...]*Spec{
	&sma, &ema, &lwma, &wilder,

	&rsi, &stochastic, &macd, &roc,

	&obv,

	&atr, &bollinger,

	&highest, &lowest,
}
