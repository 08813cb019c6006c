@NullMarked
package dev.kapal.config.check;

import org.jspecify.annotations.NullMarked;
