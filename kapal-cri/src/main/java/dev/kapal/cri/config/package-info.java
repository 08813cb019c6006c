/** What the door is told by whoever opens it. */
@NullMarked
package dev.kapal.cri.config;

import org.jspecify.annotations.NullMarked;
