"""Networks side by side: their totals, and layer by layer where two of them part.

reports ─┬─ totals ─▶ figures of each                     ─┬─ present ─▶ table, JSON …
         └─ align ──▶ pairs of rows ─ differ ─▶ differences ┴─ chart ──▶ SVG
"""
