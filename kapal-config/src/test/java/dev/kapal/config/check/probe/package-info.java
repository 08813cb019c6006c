@NullMarked
package dev.kapal.config.check.probe;

import org.jspecify.annotations.NullMarked;
