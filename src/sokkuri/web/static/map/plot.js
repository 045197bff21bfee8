// Draws points with WebGL 2. Libraries for this need `eval`, which the pages forbid, or WebAssembly.

/** @import { Points } from "./points.js" */

const VERTEX = `#version 300 es
in vec2 place;
in float group;
uniform vec2 scale;
uniform vec2 shift;
uniform float size;
uniform vec4 colours[11];
out vec4 colour;
void main() {
  gl_Position = vec4(place * scale + shift, 0.0, 1.0);
  gl_PointSize = size;
  colour = colours[int(min(group, 10.0))];
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 colour;
out vec4 pixel;
void main() {
  float edge = length(gl_PointCoord - 0.5);
  if (edge > 0.5) discard;
  pixel = vec4(colour.rgb * colour.a, colour.a);
}`;

/**
 * @typedef {{array: WebGLVertexArrayObject, count: number}} Buffers
 * @typedef {Record<"scale" | "shift" | "size" | "colours", ?WebGLUniformLocation>} Uniforms
 */

/** A canvas with points. Without WebGL 2, `works` is false and nothing is drawn. */
export class Plot {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** @type {?Points} */
    this.points = null;
    /** @type {number[]} */
    this.lit = [];
    /** @type {?Uniforms} */
    this.at = null;
    /** @type {?Buffers} */
    this.all = null;
    /** @type {?Buffers} */
    this.some = null;
    /** Called when what was drawn was lost, to draw it again. */
    this.onrestore = () => {};
    this.gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true });
    this.works = Boolean(this.gl);
    if (!this.gl) return;
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => this.restore());
    this.prepare(this.gl);
  }

  /** @param {WebGL2RenderingContext} gl */
  prepare(gl) {
    const program = gl.createProgram();
    /** @type {[number, string][]} */
    const shaders = [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]];
    for (const [type, source] of shaders) {
      const shader = gl.createShader(type);
      if (!shader) return; // the context is lost, and will perhaps be restored
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.bindAttribLocation(program, 0, "place");
    gl.bindAttribLocation(program, 1, "group");
    gl.linkProgram(program);
    gl.useProgram(program);
    this.at = {
      scale: gl.getUniformLocation(program, "scale"),
      shift: gl.getUniformLocation(program, "shift"),
      size: gl.getUniformLocation(program, "size"),
      colours: gl.getUniformLocation(program, "colours"),
    };
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  restore() {
    if (this.gl) this.prepare(this.gl);
    if (this.points) this.setPoints(this.points);
    this.light(this.lit);
    this.onrestore();
  }

  /** @param {Points} points */
  setPoints(points) {
    this.points = points;
    if (this.gl) this.all = buffers(this.gl, points.xy, points.groups);
  }

  /**
   * Shows some points larger than the others.
   * @param {number[]} numbers
   */
  light(numbers) {
    this.lit = numbers;
    if (!this.gl || !this.points) return;
    const { xy, groups } = this.points;
    const places = new Uint16Array(2 * numbers.length);
    const own = new Uint8Array(numbers.length);
    for (const [index, point] of numbers.entries()) {
      places.set(xy.subarray(2 * point, 2 * point + 2), 2 * index);
      own[index] = groups[point];
    }
    this.some = buffers(this.gl, places, own);
  }

  /**
   * @param {{x: number, y: number, size: number}} frame the square of the map on the canvas, in
   *   pixels of the page: its left and upper edge, and its length
   * @param {number[][]} colours red, green, blue (0 to 1) of each group, the last one for no group
   */
  draw({ x, y, size }, colours) {
    const { gl, canvas, at } = this;
    if (!gl) return;
    const density = globalThis.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = canvas;
    const pixels = [Math.round(width * density), Math.round(height * density)];
    if (canvas.width !== pixels[0] || canvas.height !== pixels[1]) {
      [canvas.width, canvas.height] = pixels; // this makes the canvas anew
    }
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!this.points?.count || !at || !this.all) return;
    gl.uniform2f(at.scale, 2 * size / width, 2 * size / height);
    gl.uniform2f(at.shift, 2 * x / width - 1, 1 - 2 * (y + size) / height);
    const diameter = pointSize(this.points.count, size);
    const dim = this.some?.count ? 0.25 : 0.75;
    drawPart(gl, at, this.all, diameter * density, colours, dim);
    if (this.some?.count) drawPart(gl, at, this.some, (diameter + 5) * density, colours, 1);
  }

  destroy() {
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/**
 * A vertex array with places and groups.
 * @param {WebGL2RenderingContext} gl
 * @param {Uint16Array} places
 * @param {Uint8Array} groups
 * @returns {Buffers}
 */
function buffers(gl, places, groups) {
  const array = gl.createVertexArray();
  gl.bindVertexArray(array);
  /** @type {[number, Uint16Array | Uint8Array, number, number][]} */
  const parts = [[0, places, 2, gl.UNSIGNED_SHORT], [1, groups, 1, gl.UNSIGNED_BYTE]];
  for (const [index, data, size, type] of parts) {
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(index);
    gl.vertexAttribPointer(index, size, type, index === 0, 0, 0);
  }
  return { array, count: groups.length };
}

/**
 * @param {WebGL2RenderingContext} gl
 * @param {Uniforms} at
 * @param {Buffers} buffers
 * @param {number} diameter of a point, in pixels of the canvas
 * @param {number[][]} colours
 * @param {number} alpha
 */
function drawPart(gl, at, { array, count }, diameter, colours, alpha) {
  gl.uniform4fv(at.colours, colours.flatMap((colour) => [...colour, alpha]));
  gl.uniform1f(at.size, diameter);
  gl.bindVertexArray(array);
  gl.drawArrays(gl.POINTS, 0, count);
}

/**
 * The diameter of a point in pixels: smaller the more points there are in a square pixel.
 * @param {number} count
 * @param {number} size
 */
export function pointSize(count, size) {
  return Math.min(Math.max(0.6 * size / Math.sqrt(count), 1.5), 9);
}
