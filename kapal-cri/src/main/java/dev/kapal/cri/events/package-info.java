/** What happened to containers, as the interface tells it. */
@NullMarked
package dev.kapal.cri.events;

import org.jspecify.annotations.NullMarked;
