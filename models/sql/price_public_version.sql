-- What changes whenever public prices are adopted.
SELECT max(adopted_at) FROM public_price
