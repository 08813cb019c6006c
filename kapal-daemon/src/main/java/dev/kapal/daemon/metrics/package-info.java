/** What the daemon counts and measures, in the formats of Prometheus. */
@NullMarked
package dev.kapal.daemon.metrics;

import org.jspecify.annotations.NullMarked;
