-- The packages and versions that public prices were ever adopted from.
SELECT DISTINCT source FROM public_price
