@NullMarked
package dev.kapal.config.elf;

import org.jspecify.annotations.NullMarked;
