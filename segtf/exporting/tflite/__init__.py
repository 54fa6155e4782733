"""TFLite files: conversion, what full int8 needs, and what a file says about itself."""
