"""Forecasts beyond the data, each with a backtest."""
