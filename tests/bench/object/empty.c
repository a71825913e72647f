/* Nothing: the yardstick of the start-up rows, built by a plain `gcc -shared`. */
