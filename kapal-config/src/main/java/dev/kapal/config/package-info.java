/** Kapal's configuration: {@link dev.kapal.config.Configuration} is the door to it. */
@NullMarked
package dev.kapal.config;

import org.jspecify.annotations.NullMarked;
