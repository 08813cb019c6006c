@NullMarked
package dev.kapal.config.text;

import org.jspecify.annotations.NullMarked;
