package indicator

// catalogue is every indicator, in the order they are shown.
var catalogue = [...]*Spec{
	&sma, &ema, &dema, &tema, &hma, &kama, &alma, &lwma, &trima, &t3, &zlema, &wilder, &frama, &vidya,

	&rsi, &stochastic, &stochrsi, &macd, &cci, &williamsR, &momentum, &roc, &apo, &ppo,
	&aroon, &cmo, &ao, &cho, &ultosc, &trix, &tsi, &rvi, &dpo, &kvo,

	&adx, &adxr, &ichimoku, &sar, &vortex, &chop, &kst, &coppock, &supertrend, &massIndex, &schaff, &fisher,

	&obv, &ad, &adl, &cmf, &mfi, &force, &vwap, &vwma, &eom,

	&atr, &natr, &bollinger, &keltner, &donchian, &std, &variance, &accbands, &beta, &alpha, &volatilityInd,

	&highest, &lowest, &maximum, &minimum, &midpoint, &midprice, &logr, &ibs, &bop, &regression,
	&pivot, &augen, &consecutive, &disparity, &change, &returns,
}
