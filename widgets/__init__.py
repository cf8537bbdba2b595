"""Reusable pieces of screen. They know columns, texts and states, and no backend.

All text that reaches them is drawn literally, as segments and never as markup, and once more made safe on the way.
"""
