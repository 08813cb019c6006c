/** Configuration files as trees that remember where each value stands. */
@NullMarked
package dev.kapal.config.text;

import org.jspecify.annotations.NullMarked;
