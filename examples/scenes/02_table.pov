// The bag on the breakfast table with a cup: landscape format.
#version 3.7;
#ifndef (Depth) #declare Depth=0; #end
#include "materials_coffee.inc"
Globals(70,.9)
Room(RGB8(120,100,84)*.7,RGB8(215,208,200)*.9)
#declare Eye=<5,17,-52>; #declare Look=<1.5,8.0,0>;
camera { location Eye look_at Look right x*image_width/image_height up y angle 43 }
WindowLight(<-70,60,-22>,<0,6,0>,1.75,RGB8(255,243,226),50)
#if (!Depth) light_source { <70,50,60> rgb RGB8(255,190,130)*.25 shadowless } #end
BackWall(120,RGB8(78,60,48),RGB8(158,130,104))
Bokeh(16,<14,24,100>,110,50,3.5,7.5,RGB8(255,196,120),5)
object { Table(RGB8(184,154,120),RGB8(152,120,86),RGB8(92,66,46),12,.04,2) rotate y*4 }
object { Bag(KraftLabel,Kraft,Tie) rotate y*-13 translate <-9,0,2> }
#declare ClothAt=<12.5,0,-2.5>; #declare ClothTurn=-9; #declare ClothX=25; #declare ClothZ=17;
object { Cloth(ClothX,ClothZ,3,1.2,ClothTurn,ClothAt,<10.5,0,-3>) Linen(RGB8(222,212,196),RGB8(120,134,128),27) rotate y*ClothTurn translate ClothAt }
union {
  object { Saucer Stoneware(RGB8(186,112,84),ClayCol,0) }
  union { object { Cup_Body } object { Cup_Handle } Stoneware(RGB8(186,112,84),ClayCol,1.2) rotate y*30 translate y*.62 }
  object { Latte(4.25,20) translate y*(.62+5.65) }
  translate <10.5,.22,-3>
}
object { Steam(9,15,.45,7.4) translate <10.4,7.8,-2> }
Heap(<-2,0,-9>,3.6,2.6,1.1,3)
Scatter(34,<-2.5,0,-11>,10.5,5,4)
