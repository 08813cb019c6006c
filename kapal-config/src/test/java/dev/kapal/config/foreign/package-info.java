@NullMarked
package dev.kapal.config.foreign;

import org.jspecify.annotations.NullMarked;
