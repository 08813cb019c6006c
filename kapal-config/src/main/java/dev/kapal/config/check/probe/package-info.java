/** The real host behind the checks. */
@NullMarked
package dev.kapal.config.check.probe;

import org.jspecify.annotations.NullMarked;
