/** Samples and metrics. */
@NullMarked
package dev.kapal.cri.stats;

import org.jspecify.annotations.NullMarked;
