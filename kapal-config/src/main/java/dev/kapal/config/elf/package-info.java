/** What a program needs of its host, read from its file without running it. */
@NullMarked
package dev.kapal.config.elf;

import org.jspecify.annotations.NullMarked;
