/** Unpacked layers, one per chain, and containers' writable layers on top of them. */
@NullMarked
package dev.kapal.image.layers;

import org.jspecify.annotations.NullMarked;
