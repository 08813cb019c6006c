/** Strict parsers for the values of options: sizes, durations, mounts, limits, and so on. */
@NullMarked
package dev.kapal.cli.parse;

import org.jspecify.annotations.NullMarked;
