"""Reads of code hosts what a release rests on."""
