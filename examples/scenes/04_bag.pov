// The bag close by, upright format.
#version 3.7;
#ifndef (Depth) #declare Depth=0; #end
#include "materials_coffee.inc"
Globals(70,.9)
Room(RGB8(120,100,84)*.7,RGB8(215,208,200)*.9)
#declare Eye=<-7,12.5,-46>; #declare Look=<0,9.6,0>;
camera { location Eye look_at Look right x*image_width/image_height up y angle 25 }
WindowLight(<-58,52,-26>,<0,8,0>,1.6,RGB8(255,242,222),40)
#if (!Depth) light_source { <60,50,50> rgb RGB8(255,180,110)*.35 shadowless } #end
BackWall(110,RGB8(78,60,48),RGB8(158,130,104))
Bokeh(12,<12,34,90>,60,60,4.5,8,RGB8(255,196,120),9)
object { Table(RGB8(142,110,82),RGB8(112,82,58),RGB8(62,43,30),10,.04,7) rotate y*8 }
object { Bag(KraftLabel,Kraft,Tie) rotate y*9 translate <.5,0,2> }
union {
  union { object { Cup_Body } object { Cup_Handle } Stoneware(RGB8(236,228,214),ClayCol,1.2) rotate y*-60 }
  object { BlackCoffee(4.2) translate y*5.4 }
  translate <12,0,20>
}
Heap(<-4.5,0,-7>,5.2,3.4,1.9,5)
Scatter(38,<-1,0,-10>,8.5,5,4)
