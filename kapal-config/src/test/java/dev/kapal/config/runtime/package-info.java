@NullMarked
package dev.kapal.config.runtime;

import org.jspecify.annotations.NullMarked;
